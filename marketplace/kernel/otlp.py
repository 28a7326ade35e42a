"""The tracer that sends to an OpenTelemetry collector; imported where traces are switched on, and there alone."""

from contextlib import AbstractContextManager

from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Status, StatusCode

from marketplace.kernel.tracing import Figures

_SEND_SECONDS = 5


def tracer(url: str) -> "OpenTelemetry":
    """Return a tracer that sends to the collector at ``url`` over OTLP/HTTP, in batches and beside the work."""
    exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=_SEND_SECONDS)
    return OpenTelemetry(BatchSpanProcessor(exporter))


class OpenTelemetry:
    """Begins spans of the SDK; see ``tracing.Tracer``."""

    def __init__(self, processor: SpanProcessor) -> None:
        # neither the machine's name nor the process's owner: the collector's side knows who sends
        provider = TracerProvider(resource=Resource({"service.name": "tenderline"}))
        provider.add_span_processor(processor)
        self._tracer = provider.get_tracer("marketplace")
        self.end = provider.shutdown
        """Sends what was not sent yet; the end of the process does so, too."""

    def begin(self, name: str, figures: Figures, *, alone: bool) -> trace.Span:  # noqa: D102 - a Tracer
        # an empty context and not none: a task goes on with the context of the request that happened to start it
        return self._tracer.start_span(name, context.Context() if alone else None, attributes=dict(figures))

    def inside(self, span: trace.Span) -> AbstractContextManager[object]:  # noqa: D102 - a Tracer
        return trace.use_span(span, record_exception=False, set_status_on_exception=False)

    def fail(self, span: trace.Span) -> None:  # noqa: D102 - a Tracer
        span.set_status(Status(StatusCode.ERROR))
