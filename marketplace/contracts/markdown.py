"""Markdown terms as a tree of blocks that can be set on paper: data all the way, no markup that anything interprets."""

from collections.abc import Iterator
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

_parser = MarkdownIt("commonmark", {"html": False}).enable("table")

Block = dict[str, Any]


def blocks(text: str) -> list[Block]:
    """Return the blocks of ``text``: headings, paragraphs, lists, quotations, code, tables and rules.

    HTML is text like any other, pictures are their description, links their words and address.
    """
    return _blocks(SyntaxTreeNode(_parser.parse(text)))


def _blocks(node: SyntaxTreeNode) -> list[Block]:
    return [block for child in node.children for block in _block(child)]


def _block(node: SyntaxTreeNode) -> Iterator[Block]:
    if node.type == "heading":
        yield {"kind": "heading", "level": int(node.tag[1:]), "spans": _spans(node)}
    elif node.type == "paragraph":
        yield {"kind": "paragraph", "spans": _spans(node)}
    elif node.type in {"bullet_list", "ordered_list"}:
        yield {
            "kind": "list",
            "ordered": node.type == "ordered_list",
            "start": int(node.attrs.get("start", 1)),
            "items": [_blocks(item) for item in node.children],
        }
    elif node.type == "blockquote":
        yield {"kind": "quote", "blocks": _blocks(node)}
    elif node.type in {"fence", "code_block"}:
        yield {"kind": "code", "text": node.content.rstrip("\n")}
    elif node.type == "table":
        yield _table(node)
    elif node.type == "hr":
        yield {"kind": "rule"}


def _table(node: SyntaxTreeNode) -> Block:
    rows = [row for part in node.children for row in part.children]
    head = len(node.children[0].children)
    return {
        "kind": "table",
        "columns": max(len(row.children) for row in rows),
        "head": [_spans(cell) for row in rows[:head] for cell in row.children],
        "cells": [_spans(cell) for row in rows[head:] for cell in row.children],
    }


def _spans(node: SyntaxTreeNode, *, strong: bool = False, em: bool = False) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for child in node.children:
        if child.type in {"softbreak", "hardbreak"}:
            found.append({"text": "\n" if child.type == "hardbreak" else " ", "strong": False, "em": False})
        elif child.type in {"text", "code_inline"}:
            found.append({"text": child.content, "strong": strong, "em": em})
        else:
            found += _spans(child, strong=strong or child.type == "strong", em=em or child.type == "em")
            if child.type == "link":
                found += _address(child, found)
    return found


def _address(link: SyntaxTreeNode, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the address of a link where its words are not the address: paper can't be clicked."""
    address = str(link.attrs.get("href", ""))
    if not address or (said and said[-1]["text"] == address):
        return []
    return [{"text": f" ({address})", "strong": False, "em": False}]
