# a
; b
