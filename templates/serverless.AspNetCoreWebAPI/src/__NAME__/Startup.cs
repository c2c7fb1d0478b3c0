namespace __NAMESPACE__;

/// <summary>
/// What the application consists of. Both entry points, the one for Lambda and the one for this machine, start here.
/// </summary>
public class Startup
{
    public Startup(IConfiguration configuration)
    {
        Configuration = configuration;
    }

    /// <summary>appsettings.json, environment variables and whatever else the host has gathered.</summary>
    public IConfiguration Configuration { get; }

    /// <summary>Adds services to the container. Runs first, once per process.</summary>
    public void ConfigureServices(IServiceCollection services)
    {
        services.AddControllers();
    }

    /// <summary>Builds the pipeline that every request passes through. Runs after <see cref="ConfigureServices"/>.</summary>
    public void Configure(IApplicationBuilder app, IWebHostEnvironment environment)
    {
        if (environment.IsDevelopment())
        {
            app.UseDeveloperExceptionPage();
        }

        app.UseRouting();
        app.UseAuthorization();

        app.UseEndpoints(endpoints =>
        {
            endpoints.MapControllers();
            endpoints.MapGet("/", () => "__NAME__ is running. Try /api/values.");
        });
    }
}
