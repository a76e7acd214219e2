"""The service kit: what every service needs and none should write twice. It knows no business word."""
