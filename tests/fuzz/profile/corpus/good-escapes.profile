[Exec]
Environment=A=\u00e9\U0001F600\101\x7f\s\"\'
