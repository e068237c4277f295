[Capabilities]
CapabilityBoundingSet=~CAP_SYS_ADMIN
CapabilityBoundingSet=~
CapabilityBoundingSet=CAP_KILL
