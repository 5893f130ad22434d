package chat

// glm4 is the format of GLM 4: a line with the name, and an object.
var glm4 = &format{
	name:  "glm4",
	suits: contains("[gMASK]", "可用工具"),
	bare:  true,
	ends:  "}",
	read:  known(named{}.readLine),
}
