import {heading} from "./dom.js";

export function enter(main) {
    main.append(heading("storage"));
}
