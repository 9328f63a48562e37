"""Packaging: everything that can change is in settings.ini, which nbdev reads too."""
from configparser import ConfigParser
from pathlib import Path

from setuptools import find_packages, setup

here = Path(__file__).resolve().parent
config = ConfigParser(delimiters=["="], interpolation=None)
config.read(here / "settings.ini", encoding="utf-8")
settings = config["DEFAULT"]

readme = here / "README.md"
pythons = ["3.10", "3.11", "3.12", "3.13"]
status = {"3": "3 - Alpha", "4": "4 - Beta", "5": "5 - Production/Stable"}[settings["status"]]

setup(
    name=settings["lib_name"],
    version=settings["version"],
    description=settings["description"],
    long_description=readme.read_text(encoding="utf-8") if readme.exists() else settings["description"],
    long_description_content_type="text/markdown",
    author=settings["author"],
    author_email=settings["author_email"],
    url=settings["git_url"],
    license="Apache-2.0",
    license_files=["LICENSE"],
    keywords=settings["keywords"],
    classifiers=[
        f"Development Status :: {status}",
        f"Intended Audience :: {settings['audience']}",
        f"Natural Language :: {settings['language']}",
        "Topic :: Scientific/Engineering :: Image Recognition",
        *(f"Programming Language :: Python :: {python}" for python in pythons),
    ],
    python_requires=f">={settings['min_python']}",
    packages=find_packages(include=["amodal_sam", "amodal_sam.*"]),
    package_data={"amodal_sam": ["weights/*", "prompts/*", "front/*"]},
    install_requires=settings["requirements"].split(),
    extras_require={
        "dev": settings["dev_requirements"].split(),
        "video": settings["video_requirements"].split(),
        "ray": settings["ray_requirements"].split(),
        "tiny": settings["tiny_requirements"].split(),
        "onnx": settings["onnx_requirements"].split(),
        "vlm": settings["vlm_requirements"].split(),
    },
    entry_points={
        "console_scripts": settings["console_scripts"].split(),
        "nbdev": [f"amodal_sam={settings['lib_path']}._modidx:d"],
    },
    zip_safe=False,
)
