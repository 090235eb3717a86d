"""Software images over the API: what is staged, and images that one had made. Part of the client."""

from portal.client.http import Connection, Document, segment


class Images(Connection):
    """The verbs of images."""

    def images(self) -> list[Document]:
        """The staged images that drafts can name: `name`, `digest`, `size`, `built`. For staff."""
        return list(self.get("images")["items"])

    def made_image(self, job: str | int) -> Document:
        """The image that one's own job made, and what was asked for it."""
        return self.get(f"jobs/{segment(job)}/image")

    def stage_image(self, job: str | int, name: str) -> Document:
        """Ask that it is staged under a name; the same once more gives the same request."""
        return self.call("POST", f"jobs/{segment(job)}/image", json={"name": name}, repeat=True)

    def waiting_images(self) -> list[Document]:
        """The images that wait for a second person, and this one could sign off or refuse; the oldest first."""
        return list(self.get("images/waiting")["items"])

    def refuse_image(self, request: int, why: str) -> Document:
        """Refuse one, in a sentence that who asked reads."""
        return self.call("POST", f"images/waiting/{int(request)}/refuse", json={"why": why})
