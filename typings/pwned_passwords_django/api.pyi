class PwnedPasswords:
    api_endpoint: str
