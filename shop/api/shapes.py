"""Types that the API's bodies and answers share."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Path
from pydantic import AfterValidator, BaseModel, Field, StringConstraints
from pydantic_core import PydanticCustomError


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise PydanticCustomError("nul", "must not hold NUL")
    return text


def text_of(least: int, most: int) -> Any:
    return Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=least, max_length=most), AfterValidator(_no_nul)
    ]


Words = Annotated[str, StringConstraints(max_length=200), AfterValidator(_no_nul)]
Slug = Annotated[str, Path(pattern=r"^[a-z0-9-]{1,120}$")]
CartId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{16,64}$", description="as POST /api/v1/carts gave it")]
VariantId = Annotated[int, Path(ge=1, le=2**31 - 1)]
Vnd = Annotated[int, Field(description="whole đồng")]
Grams = Annotated[int, Field(description="whole grams")]


class Problem(BaseModel):
    """RFC 9457. `type` is stable ("/problems/sold-out"); further members depend on it (`lines`, `errors`, …)."""

    type: str
    title: str
    status: int
    detail: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A rule or the request itself says no",
        "content": {"application/problem+json": {"schema": Problem.model_json_schema()}},
    }
}
