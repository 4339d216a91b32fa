"""The 'Guarded Python' kernel: a wrapper process around a real kernel."""
