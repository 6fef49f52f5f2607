// What upstream.py needs, once per version of clients/requirements.txt.
import { installPython } from "../clients/lib/install.mjs";

await installPython();
