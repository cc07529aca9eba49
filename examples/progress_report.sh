#!/bin/sh
# A worker that reports by curl. HEADWAY_URL and HEADWAY_TOKEN say where to.
#
# The same batch with the same Idempotency-Key is stored once: send it again until it is
# answered with 200. `--retry` does so, and waits as long as a 429 or 503 asks for.
set -eu

now=$(date +%s)
curl --silent --show-error --fail-with-body --retry 8 --max-time 30 \
  -H "Authorization: Bearer $HEADWAY_TOKEN" \
  -H "Content-Type: application/json" \
  -H "Idempotency-Key: shot-0143-$now" \
  --data @- "$HEADWAY_URL/api/v1/events" <<EOF
{"events": [
  {"kind": "registered", "key": "render-07~shot-0143~", "at": $now, "meta": {"title": "shot 143"}},
  {"kind": "started", "key": "render-07~shot-0143~", "at": $now},
  {"kind": "progress", "key": "render-07~shot-0143~", "at": $now, "done": 12, "total": 240},
  {"kind": "ended", "key": "render-07~shot-0143~", "at": $now, "outcome": "succeeded"}
]}
EOF
