{
  "id":"{{id}}",
  "endpoint_name":"{{endpoint}}",
  "client_ip":"{{client}}",
  "connected_at":"{{since}}",
  "disconnected_at":"{{until}}",
  "disconnect_reason":"{{reason}}"
}
