package chat

// firefunction is the format of Firefunction: a word before a list of objects, or a mark
// before one.
var firefunction = &format{
	name:  "firefunction",
	suits: containsAny("functools", "<functioncall>"),
	opens: words{"functools", "<functioncall>"},
	ends:  "]}",
	read:  readers{"functools": known(readFunctools), "<functioncall>": jsonSeries("")}.read,
}

// readFunctools reads the list behind the word, with nothing between them: programs
// have it too.
func readFunctools(in input) result {
	switch {
	case in.text == "":
		return in.more()
	case in.text[0] != '[':
		return reject(1)
	}
	return jsonSeries("")(in)
}
