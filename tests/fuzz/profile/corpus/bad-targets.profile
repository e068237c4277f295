[Filesystem]
BindPaths=/a:/ /b:/proc/x /c:/tmp /d:/e /f:/e /dev
