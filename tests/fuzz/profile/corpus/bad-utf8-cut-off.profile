[Profile]
Description=ğŸ˜