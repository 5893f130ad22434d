package chat

// hyperclova is the format of HyperCLOVA X: the name of a role that calls, and a list.
var hyperclova = &format{
	name:  "hyperclova",
	suits: contains("-> tool/function_call"),
	opens: words{"-> tool/function_call"},
	ends:  "]",
	read:  jsonSeries(""),
}
