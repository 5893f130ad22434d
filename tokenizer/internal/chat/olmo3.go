package chat

// olmo3 is the format of Olmo 3: Python in a tag, one call to a line.
var olmo3 = &format{
	name:  "olmo3",
	marks: []string{"<function_calls>", "</function_calls>"},
	suits: contains("<function_calls>"),
	opens: olmoReaders.opens(),
	ends:  ")>",
	read:  olmoReaders.read,
}

var olmoReaders = readers{}.and(minimaxTags.read, minimaxTags.open).and(skip, "</function_calls>").
	and(unlessAny(words{"<"}, pythonSeries("</function_calls>"), skip), "<function_calls>")
