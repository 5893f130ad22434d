package chat

// internlm is the format of InternLM and Intern-S1: an object between marks, of which
// the second says that it is no code.
var internlm = &format{
	name:  "internlm",
	marks: []string{"<|action_start|>", "<|plugin|>", "<|action_end|>", "<|interpreter|>", "<think>", "</think>"},
	suits: containsAny("<|action_start|>", "<|plugin|>"),
	opens: words{"<|action_start|>"},
	ends:  "}>",
	read:  either("<|plugin|>", jsonSeries("<|action_end|>"), jsonSeries("<|action_end|>")),
}
