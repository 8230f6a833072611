# SPDX-License-Identifier: Apache-2.0
"""A page in a browser without a window, for tests: what a script put into it found.

The script leaves JSON as btoa text in <pre id="result">; `window.pageErrors` has what went wrong,
requests that the page's policy forbids included. BROWSER names another than scripts/packages.txt's.
"""

import base64
import json
import os
import re
import shutil
import subprocess

BROWSER = os.environ.get("BROWSER", "chromium-headless-shell")
TIMEOUT_S = 120

# Before the page's own scripts; nothing that goes wrong stays unseen.
CATCH = """<script>
window.pageErrors = [];
window.addEventListener('error', (event) => window.pageErrors.push(String(event.message)));
window.addEventListener('unhandledrejection', (event) => window.pageErrors.push(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) => {
  if (event.blockedURI !== 'file') window.pageErrors.push('policy: ' + event.blockedURI);
});
%s
</script>
"""


def open_page(page, script, folder, first="", size="1400,900", code=None):
    """What `script`, put behind the page's own, found, and what the console said. `first` runs before
    them, `code` changes the page for the test. Raises AssertionError if it did not come to its end."""
    assert shutil.which(BROWSER), f"{BROWSER} is not installed: scripts/packages.txt"
    copy = page.replace("<style>", CATCH % first + "<style>", 1)
    copy = copy.replace("</body>", "<script>" + script + "</script></body>", 1)
    path = folder / "in_browser.html"
    path.write_text(code(copy) if code else copy, encoding="ascii")
    done = subprocess.run(
        [BROWSER, "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr",
         f"--window-size={size}", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000",
         "--dump-dom", path.as_uri()], capture_output=True, text=True, check=False, timeout=TIMEOUT_S)
    console = [line for line in done.stderr.splitlines()
               if "CONSOLE" in line and "file:///etc/hostname" not in line]
    result = re.search(r'<pre id="result">([^<]*)</pre>', done.stdout)
    assert result, "the page did not come to its end:\n" + "\n".join(console)
    found = json.loads(base64.b64decode(result.group(1)))
    found["console"] = console
    return found
