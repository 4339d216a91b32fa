"""What the extension costs in the page."""
