// The zone that the browser keeps, chosen beforehand; the person sees it and may change it.
"use strict";

const zone = document.getElementById("field-timezone");
const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if ([...zone.options].some((option) => option.value === here)) zone.value = here;
