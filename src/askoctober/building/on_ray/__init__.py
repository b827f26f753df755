"""Articles embedded by actors of Ray, from one process of one machine to a cluster.

    this process: reads, finds copies, groups -> actors: chunk and embed -> this process: writes, in order

A group is what is embedded at once without Ray too, and goes to one actor whole; the first one, which the projection of
token vectors is fitted to, is embedded here. So the encoder is given the same batches, and a new index is equal. What
is held at once are GROUPS groups an actor, whatever the size of the shelf. An actor that is lost is replaced, and its
group given to another.
"""

from askoctober.building.on_ray.embedding import RayEmbed

__all__ = ["RayEmbed"]
