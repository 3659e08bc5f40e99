-- Tells who is there.

return (members())
