namespace Pipelines.Domain;

/// <summary>How far apart two clusters are.</summary>
public enum ClusterLinkage
{
    /// <summary>Mean distance of their members.</summary>
    Average,

    /// <summary>Ward's: growth of the squared distances within; meant for Euclidean distances.</summary>
    Ward,
}
