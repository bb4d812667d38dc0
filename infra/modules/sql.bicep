// Azure SQL with Entra logins only. The app's user is made after this by infra/scripts/post_provision.py: T-SQL, not Bicep.
// READ_COMMITTED_SNAPSHOT and ALLOW_SNAPSHOT_ISOLATION are on in every Azure SQL database; the migrations check it.
param serverName string
param location string
param tags object
param administratorName string
param administratorObjectId string
param sku object
param autoPauseMinutes int
param minimumCapacity string
param maxSizeGB int
param zoneRedundant bool
param operatorAddresses array
param alarmEmails array
param endpointSubnetId string
param workspaceId string

var private = endpointSubnetId != ''
var serverless = startsWith(sku.name, 'GP_S_')

resource server 'Microsoft.Sql/servers@2023-08-01' = {
  // checkov:skip=CKV_AZURE_113:off with privateNetwork, as in main.parameters.prod.json
  name: serverName
  location: location
  tags: tags
  properties: {
    minimalTlsVersion: '1.2'
    publicNetworkAccess: private ? 'Disabled' : 'Enabled'
    administrators: {
      administratorType: 'ActiveDirectory'
      principalType: 'Group'
      login: administratorName
      sid: administratorObjectId
      tenantId: subscription().tenantId
      azureADOnlyAuthentication: true
    }
  }
}

resource database 'Microsoft.Sql/servers/databases@2023-08-01' = {
  // checkov:skip=CKV_AZURE_229:a parameter; main.parameters.prod.json turns it on
  // checkov:skip=CKV_AZURE_26:threat detection is the server's, below, and holds for its databases
  // checkov:skip=CKV_AZURE_27:threat detection is the server's, below, and holds for its databases
  parent: server
  name: 'payments'
  location: location
  tags: tags
  sku: sku
  properties: {
    requestedBackupStorageRedundancy: zoneRedundant ? 'GeoZone' : 'Local'
    zoneRedundant: zoneRedundant
    // Hyperscale grows by itself and takes no size.
    maxSizeBytes: startsWith(sku.name, 'HS_') ? null : maxSizeGB * 1073741824
    // A provisioned database has neither. A least capacity may be a half, which Bicep has no number for: hence json().
    autoPauseDelay: serverless ? autoPauseMinutes : null
    minCapacity: serverless ? json(minimumCapacity) : null
  }
}

// Where there is no private network, the app comes from addresses inside Azure; its identity is the lock.
resource fromAzure 'Microsoft.Sql/servers/firewallRules@2023-08-01' = if (endpointSubnetId == '') {
  parent: server
  name: 'AllowAllWindowsAzureIps'
  properties: {
    startIpAddress: '0.0.0.0'
    endIpAddress: '0.0.0.0'
  }
}

resource fromOperators 'Microsoft.Sql/servers/firewallRules@2023-08-01' = [for (address, i) in operatorAddresses: if (endpointSubnetId == '') {
  parent: server
  name: 'operators-${i}'
  properties: {
    startIpAddress: address
    endIpAddress: address
  }
}]

// Every login and statement by anybody: into the workspace, kept as long as logs are kept there.
resource auditing 'Microsoft.Sql/servers/auditingSettings@2023-08-01' = {
  parent: server
  name: 'default'
  properties: {
    state: 'Enabled'
    isAzureMonitorTargetEnabled: true
    retentionDays: 0
    auditActionsAndGroups: [
      'SUCCESSFUL_DATABASE_AUTHENTICATION_GROUP'
      'FAILED_DATABASE_AUTHENTICATION_GROUP'
      'DATABASE_PERMISSION_CHANGE_GROUP'
      'DATABASE_PRINCIPAL_CHANGE_GROUP'
      'DATABASE_ROLE_MEMBER_CHANGE_GROUP'
      'SCHEMA_OBJECT_CHANGE_GROUP'
    ]
  }
}

// What the server audits leaves it by way of its own database, for all of its databases.
resource master 'Microsoft.Sql/servers/databases@2023-08-01' existing = {
  parent: server
  name: 'master'
}

resource auditLogs 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'audit-to-workspace'
  scope: master
  dependsOn: [
    auditing
  ]
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'SQLSecurityAuditEvents'
        enabled: true
      }
    ]
  }
}

// Unusual logins, injection attempts: told to those who hear alarms.
resource threats 'Microsoft.Sql/servers/securityAlertPolicies@2023-08-01' = {
  parent: server
  name: 'default'
  properties: {
    state: 'Enabled'
    disabledAlerts: []
    emailAccountAdmins: true
    emailAddresses: alarmEmails
    retentionDays: 90
  }
}

resource telemetry 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  name: 'to-workspace'
  scope: database
  properties: {
    workspaceId: workspaceId
    logs: [
      {
        category: 'Errors'
        enabled: true
      }
      {
        category: 'Deadlocks'
        enabled: true
      }
      {
        category: 'Timeouts'
        enabled: true
      }
    ]
    metrics: [
      {
        category: 'Basic'
        enabled: true
      }
      {
        category: 'InstanceAndAppAdvanced'
        enabled: true
      }
    ]
  }
}

module endpoint 'private_endpoint.bicep' = if (private) {
  name: 'sql-endpoint'
  params: {
    name: 'pe-${serverName}'
    location: location
    tags: tags
    subnetId: endpointSubnetId
    targetId: server.id
    groupId: 'sqlServer'
    zoneName: 'privatelink${environment().suffixes.sqlServerHostname}'
  }
}

output host string = server.properties.fullyQualifiedDomainName
output databaseName string = database.name
