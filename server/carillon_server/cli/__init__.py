"""The `carillon` command. Modules are named after their commands; they import late what only they need."""
