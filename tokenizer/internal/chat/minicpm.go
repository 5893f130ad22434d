package chat

// minicpm5 is the format of MiniCPM5: elements with the names in attributes.
var minicpm5 = &format{
	name:  "minicpm5",
	marks: []string{"<function", "</function>", "<param", "</param>", "<think>", "</think>"},
	suits: containsAny(`<function name="`, `<param name="`),
	opens: words{minicpmTags.open},
	ends:  ">",
	read:  minicpmTags.read,
}

var minicpmTags = invokes("function", "param")
