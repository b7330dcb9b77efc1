namespace Pipelines.Models.Families;

/// <summary>Which image tokens of a family lie as a grid over the picture.</summary>
public enum TokenGridKind
{
    /// <summary>None: tokens stand for no place.</summary>
    None,

    /// <summary>The first ones, of the whole picture; tiles after them are in no grid (LLaVA).</summary>
    First,

    /// <summary>All (Qwen, Gemma 3).</summary>
    Whole,

    /// <summary>Those of the tiles, put together; the whole picture's are in no grid where there are tiles (InternVL,
    /// SmolVLM2).</summary>
    Tiles,
}
