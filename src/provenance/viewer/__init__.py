"""How people see it: icons, the mark drawn into a picture, pages."""
