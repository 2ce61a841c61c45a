package term

// HelpLines lay out the keys and words of a view, each with what it means beside it. An entry whose first text is empty is a heading;
// one whose second is, a blank line.
func HelpLines(entries [][2]string, width int) (lines []string) {
	for _, e := range entries {
		switch {
		case e[0] == "":
			lines = append(lines, Title(e[1]))
		case e[1] == "":
			lines = append(lines, "")
		default:
			for i, line := range Wrap(e[1], width-20) {
				name := e[0]
				if i > 0 {
					name = ""
				}
				lines = append(lines, Strong(Fit(name, 16))+line)
			}
		}
	}
	return lines
}
