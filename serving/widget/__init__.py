"""The portal widget: what browsers get to show a reader's feed and tell what is done with it."""
