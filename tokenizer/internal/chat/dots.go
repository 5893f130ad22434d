package chat

// dots is the format of dots: elements with the names in attributes, or an object.
var dots = &format{
	name:  "dots",
	marks: []string{"<dots_function_call>", "</dots_function_call>"},
	suits: contains("<dots_function_call>"),
	opens: dotsReaders.opens(),
	ends:  ">}",
	read:  dotsReaders.read,
}

var dotsReaders = silent("</dots_function_call>").
	and(unlessAny(words{"{", "["}, skip, jsonSeries("</dots_function_call>")), "<dots_function_call>").
	and(minimaxTags.read, minimaxTags.open)
