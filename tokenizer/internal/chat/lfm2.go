package chat

// lfm2 is the format of LFM2 and of MiniCPM 3 and 4: Python between marks, or objects.
var lfm2 = &format{
	name:     "lfm2",
	marks:    []string{"<|tool_call_start|>", "<|tool_call_end|>", "<think>", "</think>", "<|thought_start|>", "<|thought_end|>"},
	suits:    containsAny("<|tool_call_start|>", "<|tool_list_start|>", `"List of tools: ["`),
	opens:    words{"<|tool_call_start|>"},
	ends:     ")]>",
	thinking: thinkingToo(thinking{open: "<|thought_start|>", end: "<|thought_end|>"}),
	read:     pythonOrJSON("<|tool_call_end|>"),
}
