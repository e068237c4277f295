[]
[
]
[[Exec]]
