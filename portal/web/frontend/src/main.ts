import "./htmx";
import { wireCopy } from "./copy";
import { wireKeys } from "./keys";
import { wireMenus } from "./menus";
import { wirePicks } from "./picks";
import { wireTheme } from "./theme-toggle";
import { wireErrors, wireForms } from "./forms";
import { wireLogs } from "./logs";
import { wireSheets } from "./sheets";

wireTheme();
wireMenus();
wireKeys();
wireCopy();
wirePicks();
wireErrors();
wireForms();
wireLogs();
wireSheets();
