"""A connection file -> the kernel 'Guarded Python': a wrapper process around a real kernel, relayed and judged."""
