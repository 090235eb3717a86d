"""The scheduler backends behind one protocol (base.py), a folder each; factory.py knows their names."""
