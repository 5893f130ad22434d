package chat

// seed is the format of Seed-OSS: the tags of Qwen 3 Coder in one of its own.
var seed = &format{
	name:     "seed",
	marks:    []string{"<seed:tool_call>", "</seed:tool_call>", "<seed:think>", "</seed:think>"},
	suits:    contains("seed:tool_call"),
	opens:    seedReaders.opens(),
	ends:     ">",
	thinking: []thinking{{open: "<seed:think>", end: "</seed:think>"}},
	read:     seedReaders.read,
}

var seedReaders = silent("<seed:tool_call>", "</seed:tool_call>").and(readFunction, openFunction)
