// Tells the server the reader's time zone, unless one was chosen: from the next page on, times are the reader's.
if (!document.body.dataset.zoneKnown) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
}
