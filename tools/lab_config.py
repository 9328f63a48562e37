"""Settings of JupyterLab for this project (`make lab`): what it saves is what git holds.

nbdev cleans each notebook as it is saved; links to lines of the source are left out, for they change with
every edit; and a saved notebook keeps the picture of a canvas, not its live view.

Without a kernel the live view is an error message, and in the site an empty place; the picture beside it
would not be shown. So the view is taken out of what is written. While the notebook's kernel runs it is put
back into what is read, so that reloading the page brings the live canvas back.
"""

import re
from pathlib import Path

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from nbdev.clean import clean_jupyter

VIEW = "application/vnd.jupyter.widget-view+json"


def outputs(model: dict):
    "A name for each output with a picture, and its content."
    for cell in model["content"].get("cells", []):
        for number, output in enumerate(cell.get("outputs", [])):
            if "image/jpeg" in output.get("data", {}):
                yield (cell.get("id"), number), output["data"]


def tidy(content: dict, path: Path) -> None:
    "Take out what git shall not see: execution counts, metadata, and links to lines of the source."
    for cell in content.get("cells", []):
        for data in (output.get("data", {}) for output in cell.get("outputs", [])):
            if "text/markdown" in data:
                told = "".join(data["text/markdown"])
                data["text/markdown"] = re.sub(r"^\[source\]\(\S+\)\{.*\}\n\n", "", told, flags=re.M)
    trusted = {cell.get("id"): cell.get("metadata", {}).get("trusted") for cell in content.get("cells", [])}
    clean_jupyter(str(path), {"type": "notebook", "content": content})
    for cell in content.get("cells", []):  # Jupyter signs what is trusted, and takes the mark out
        if trusted.get(cell.get("id")):
            cell["metadata"]["trusted"] = True


class PictureKeeper(AsyncLargeFileManager):
    "Notebooks in files without live views, and with them while a kernel runs."

    views = {}  # path to what was taken out of it

    async def save(self, model, path=""):
        if model.get("type") == "notebook" and model.get("content"):
            self.views[path.strip("/")] = {
                name: data.pop(VIEW) for name, data in outputs(model) if VIEW in data
            }
            if (folder := Path(self.root_dir, path.strip("/")).parent).is_dir():
                tidy(model["content"], folder)
        return await super().save(model, path)

    async def get(self, path, content=True, type=None, format=None, **more):
        model = await super().get(path, content=content, type=type, format=format, **more)
        views = self.views.get(path.strip("/"), {})
        if views and content and model["type"] == "notebook" and await self.running(path):
            for name, data in outputs(model):
                if name in views:
                    data[VIEW] = views[name]
        return model

    async def running(self, path: str) -> bool:
        "Is there a kernel for this notebook?"
        return any(
            session["path"] == path.strip("/")
            for session in await self.parent.session_manager.list_sessions()
        )


c = get_config()  # noqa: F821
c.ServerApp.contents_manager_class = PictureKeeper
