#!/usr/bin/env bash
# Sourced by the programs of a lab node.

log() {
  printf '%s lab node: %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$*" >&2
}

fail() {
  log "$*"
  exit 1
}
