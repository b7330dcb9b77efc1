using Pipelines.Stages.Storage;

namespace Pipelines.Host.Running;

/// <summary>How a run shares its work with other processes at the same store.</summary>
/// <param name="Claims">What this process has claimed.</param>
/// <param name="EndsEarly">It ends when all that is left is held by others, and does not wait until that stands.</param>
internal sealed record Sharing(UnitClaims Claims, bool EndsEarly);
