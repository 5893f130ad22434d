package chat

// dsml is the format of DeepSeek V3.2 and V4, and of GigaChat 3.5 with a name of its
// own: elements with the names in attributes, which also say what is a text.
var dsml = &format{
	name:  "dsml",
	marks: []string{"｜DSML｜", "｜GCML｜", "<think>", "</think>"},
	suits: containsAny("｜DSML｜", "｜GCML｜"),
	opens: dsmlReaders.opens(),
	ends:  ">",
	read:  dsmlReaders.read,
}

var dsmlReaders = func() readers {
	all := readers{}
	for _, name := range []string{"｜DSML｜", "｜DSML｜ ", "｜GCML｜", "｜GCML｜ "} {
		for _, group := range []string{"function_calls", "tool_calls", "calls"} {
			all = all.and(skip, "<"+name+group+">", "</"+name+group+">")
		}
		tags := invokes(name+"invoke", name+"parameter")
		all[tags.open] = tags.read
	}
	return all
}()
