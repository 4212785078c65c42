#!/bin/bash
# Shared by the boot and the documents: both must know whether overlays can be encrypted.

# Adds a security association and takes it away again: the kernel's own answer, whatever its modules are called.
kernel_has_esp() {
  local state=(src 192.0.2.10 dst 192.0.2.11 proto esp spi 0x1001)
  # One that a killed probe has left could not be added again, and would be taken for the kernel's refusal.
  if ip xfrm state delete "${state[@]}" 2>/dev/null; then log 'removed the security association of a killed probe'; fi
  ip xfrm state add "${state[@]}" mode transport \
    aead 'rfc4106(gcm(aes))' 0x0000000000000000000000000000000000000000 64 2>/dev/null || return 1
  ip xfrm state delete "${state[@]}"
}
