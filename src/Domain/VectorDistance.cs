namespace Pipelines.Domain;

/// <summary>How far apart two vectors are.</summary>
public enum VectorDistance
{
    /// <summary>|a - b|.</summary>
    Euclidean,

    /// <summary>
    /// 1 - cos(a, b), in [0, 2]. A zero vector is at distance 1 from every other vector and 0 from another zero vector.
    /// </summary>
    Cosine,
}
