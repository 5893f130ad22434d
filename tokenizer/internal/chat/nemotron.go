package chat

// nemotron is the format of Nemotron before version 3. The template of version 2 writes a
// text before calls as a message of its own, whose end is that of the thinking which the
// prompt has opened, too.
var nemotron = &format{
	name:     "nemotron",
	marks:    append(nemotronReaders.opens(), "</TOOLCALL>", "<think>", "</think>"),
	suits:    contains("<TOOLCALL>"),
	opens:    nemotronReaders.opens(),
	ends:     "]>",
	thinking: []thinking{{open: "<think>", end: "</think>", before: []string{nemotronEnd}}},
	read:     nemotronReaders.read,
}

const nemotronEnd = "<SPECIAL_12>"

var nemotronReaders = silent(nemotronEnd).and(skipLine("Assistant"), "<SPECIAL_11>").and(jsonSeries("</TOOLCALL>"), "<TOOLCALL>")
