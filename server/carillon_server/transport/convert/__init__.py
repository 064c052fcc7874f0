"""Between the messages of the API and the values of the domain; requests come validated."""
