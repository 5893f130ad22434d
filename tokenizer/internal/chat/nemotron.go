package chat

// nemotron is the format of Nemotron before version 3.
var nemotron = &format{
	name:  "nemotron",
	marks: []string{"<TOOLCALL>", "</TOOLCALL>", "<think>", "</think>"},
	suits: contains("<TOOLCALL>"),
	opens: words{"<TOOLCALL>"},
	ends:  "]>",
	read:  jsonSeries("</TOOLCALL>"),
}
