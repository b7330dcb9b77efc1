using Pipelines.Stages.Storage;

namespace Pipelines.Host.Running;

/// <summary>How a run shares its work with other processes at the same store.</summary>
/// <param name="Claims">What this process has claimed.</param>
/// <param name="EndsEarly">It ends when all that is left is held by others, and does not wait until that
/// stands.</param>
/// <param name="Classes">Which samples this process may work on by the class of its arithmetic; null = on all.</param>
internal sealed record Sharing(UnitClaims Claims, bool EndsEarly, ClassRule? Classes = null);
