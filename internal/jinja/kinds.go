package jinja

import "math/big"

// truth is Python's bool(). Whatever is empty or zero is false. A generator is
// true whether or not something is left in it, and so are functions: Python
// knows nothing of their length.
//
// Nothing is charged: no kind has to be gone over to know whether it is empty.
func truth(v Value) bool {
	switch v := plainValue(v).(type) {
	case nil, *undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case string:
		return v != ""
	case *List:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	case *view:
		return v.dict.Len() > 0
	case rangeValue:
		return v.count > 0
	}
	// Functions, macros, namespaces, loops and generators.
	return true
}

// typeName returns the name of a value's Python type. Messages of errors have
// it, and the test sameas tells 1 from true by it.
func typeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case *undefined:
		return "Undefined"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case markup:
		return "Markup"
	case *List:
		if v.tuple {
			return "tuple"
		}
		return "list"
	case *Dict:
		return "dict"
	case *namespace:
		return "Namespace"
	case *view:
		return "dict_" + v.kind
	case *generator:
		return v.kind
	case rangeValue:
		return "range"
	case *macro:
		return "Macro"
	case *loop:
		return "LoopContext"
	}
	if f, ok := v.(*function); ok && classNames[f.name] != "" {
		return "type"
	}
	return "builtin_function_or_method"
}

// objectName is the name that messages about missing members use. jinja2 names
// none itself and of all other values the type.
func objectName(v Value) string {
	if v == nil {
		return "None"
	}
	if isMarkup(v) {
		return "markupsafe.Markup object"
	}
	return typeName(v) + " object"
}
