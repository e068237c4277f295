[Profile]
Description=À¯à€¯ð€€¯
